// A chat in a plain loop: no package, no knowledge of events. Arguments: address, question.
const [address, content] = process.argv.slice(-2);
const response = await fetch(`${address}/api/chat/messages`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ content, stream: true }),
});
let rest = "";
for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + bytes).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    if (line.startsWith("data:")) process.stdout.write(JSON.parse(line.slice(5)).content);
  }
}
