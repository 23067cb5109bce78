import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  // Studio's pages have their addresses below /studio/.
  base: '/studio/',
  plugins: [react(), tailwindcss()],
  resolve: { conditions: ['agentview-source', ...defaultClientConditions] },
  // The login is a cookie of this origin, so the Admin API is called through it.
  // The host is kept: a login from another page than the one that is asked would be refused.
  server: { proxy: { '/admin': { target: 'http://127.0.0.1:4000', changeOrigin: false } } },
})
