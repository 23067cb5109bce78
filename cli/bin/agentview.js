#!/usr/bin/env node
// Plain JavaScript of old: it must be readable by a Node that is too old for the rest.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    'AgentView needs Node 20.19 or newer; this is Node ' +
      process.versions.node +
      '. Install a newer one from https://nodejs.org.',
  )
  process.exit(1)
}
import('../dist/main.js').catch((error) => {
  if (error && error.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist')) {
    console.error('AgentView is not built yet: run "npm ci" (or "npm run build") first.')
  } else {
    console.error(error)
  }
  process.exit(1)
})
