// OpenAI's own JavaScript client, unchanged but for its base URL. Prints what it saw as one JSON object.
import OpenAI from 'openai';

const [baseURL, wanted] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'sk-teste', maxRetries: 0 });
const messages = [{ role: 'user', content: 'olá' }];
const leito = {
  type: 'function',
  function: { name: 'leito', parameters: { type: 'object', properties: { ala: { type: 'string' } }, required: ['ala'] } },
};

async function refusal(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param, id: error.requestID };
  }
}

const cases = {
  async whole() {
    const answer = await client.chat.completions.create({ model: 'padrao', messages, temperature: 0.5 });
    return { content: answer.choices[0].message.content, usage: answer.usage, plantao: answer.plantao, id: answer._request_id };
  },
  async stream() {
    const chunks = [];
    const stream = await client.chat.completions.create({
      model: 'padrao', messages, stream: true, stream_options: { include_usage: true },
    });
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  },
  async tools() {
    const calls = [];
    const runner = client.chat.completions.runTools({
      model: 'padrao', messages, stream: true,
      tools: [{ type: 'function', function: { ...leito.function, parse: JSON.parse, function: (input) => { calls.push(input); return '2 leitos'; } } }],
    });
    return { content: await runner.finalContent(), calls };
  },
  async parsed() {
    const schema = { type: 'object', properties: { leitos: { type: 'integer' } }, required: ['leitos'], additionalProperties: false };
    const answer = await client.chat.completions.parse({
      model: 'padrao', messages, response_format: { type: 'json_schema', json_schema: { name: 'vaga', strict: true, schema } },
    });
    return JSON.parse(answer.choices[0].message.content);
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids, one: await client.models.retrieve('crew:exames.hemograma') };
  },
  async refused() {
    return [
      await refusal(() => client.chat.completions.create({ model: 'gpt-5', messages })),
      await refusal(() => client.chat.completions.create({ model: 'padrao', messages, n: 2 })),
      await refusal(() => client.chat.completions.create({ model: 'padrao', messages, nova: 1 })),
      await refusal(() => client.models.retrieve('gpt-5')),
    ];
  },
  async broken() {
    const texts = [];
    const error = await refusal(async () => {
      for await (const chunk of await client.chat.completions.create({ model: 'padrao', messages, stream: true })) {
        texts.push(chunk.choices[0].delta.content ?? '');
      }
    });
    return { text: texts.join(''), error };
  },
};

console.log(JSON.stringify(await cases[wanted]()));
