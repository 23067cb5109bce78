import { createRequire } from 'node:module'
import path from 'node:path'
import express, { type Express, type Response } from 'express'
import { AgentViewError } from '@shared/domain/errors'

/**
 * What Studio's page may do: its own scripts, styles and connections, nothing from elsewhere and nothing inline. So what
 * strangers write into conversations runs nowhere, even if it came through as HTML.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The stock Studio: built files of the workspace `studio`. Every address below /studio is the one page, which routes itself. */
export function mountStudio(app: Express): void {
  const folder = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@agentview/studio/package.json')),
    'dist',
  )
  const files = express.static(folder, {
    index: false,
    redirect: false,
    setHeaders: (response: Response, file) => {
      protect(response)
      // Files in assets carry a hash of what is in them.
      const lasting = path.basename(path.dirname(file)) === 'assets'
      response.set('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.use('/studio', files, (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    // What has a file's name and is not there is missing; an old page must not get HTML for a script.
    if (request.path.startsWith('/assets/') || request.path.startsWith('/.')) return next()
    protect(response)
    response.set('cache-control', 'no-cache').sendFile('index.html', { root: folder }, (error) => {
      if (!error || response.headersSent) return
      next(new AgentViewError('unavailable', 'Studio was not built: run "npm run build", then start again.'))
    })
  })
}

function protect(response: Response): void {
  response.set({
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  })
}
