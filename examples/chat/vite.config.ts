import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

const agentview = 'http://127.0.0.1:4000'

// AgentView serves the build under /demo/. `vite` alone serves the page for work on it, in front of an AgentView that runs.
export default defineConfig({
  base: '/demo/',
  plugins: [react()],
  // The sources of sibling workspaces, so that this build needs no other one before it.
  resolve: { conditions: ['agentview-source', ...defaultClientConditions] },
  server: {
    proxy: {
      '/demo/config.json': agentview,
      '/v1': agentview,
      '/socket.io': { target: agentview, ws: true },
    },
  },
})
