// A plain object: this file is mounted where there is no `agentview` to import defineConfig from.
export default {
  agents: [{ name: 'counter', url: 'http://counter:4100/', version: '1.0.0', runs: [{ type: 'chat' }] }],
}
