import { AddCall, AddResult, Bill, MenuCall, MenuResult, Message } from './items.ts'

// In a project of its own: `export default defineConfig({ … })`, from 'agentview/defineConfig'.
export default {
  agents: [
    {
      name: 'waiter',
      title: 'The waiter',
      url: 'http://127.0.0.1:4102/',
      version: '1.0.0',
      metadata: { lastTotal: { type: 'integer', minimum: 0 } },
      runs: [
        {
          type: 'chat',
          validateSteps: true,
          steps: [
            { schema: MenuCall, callResult: { schema: MenuResult } },
            { schema: AddCall, callResult: { schema: AddResult } },
            { schema: Bill },
            // What was said before a pause.
            { schema: Message },
          ],
          output: { schema: Message },
        },
      ],
    },
  ],
}
