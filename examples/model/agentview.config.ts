// In a project of its own: `export default defineConfig({ … })`, from 'agentview/defineConfig'.
export default {
  agents: [
    { name: 'model', title: 'A model', url: 'http://127.0.0.1:4104/', version: '1.0.0', runs: [{ type: 'chat' }] },
  ],
}
