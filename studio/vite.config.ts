import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

const agentview = 'http://127.0.0.1:4000'

// The stock Studio, without anybody's components; AgentView serves it under /studio/. `vite` alone serves it for work on
// it, in front of an AgentView that runs.
export default defineConfig({
  root: 'stock',
  base: '/studio/',
  plugins: [react(), tailwindcss()],
  // The sources of sibling workspaces, so that this build needs no other one before it.
  resolve: { conditions: ['agentview-source', ...defaultClientConditions] },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    // light-dark() and nesting as they are written.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // Small files as files: the page's policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
  },
  // The host is kept: a login from another page than the one that is asked would be refused.
  server: { proxy: { '/admin': { target: agentview, changeOrigin: false } } },
})
