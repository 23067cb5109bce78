import { createRequire } from 'node:module'
import path from 'node:path'
import type { Express } from 'express'

const FOLDER = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Nothing from elsewhere, no script but the two below; Swagger UI sets styles on its elements. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>AgentView Client API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null })\n`

/** The OpenAPI document as a page to read and to try, at /docs. All that it needs comes from here: it works on closed networks. */
export function mountDocsPage(app: Express): void {
  app.get('/docs', (_request, response) => {
    response.set({
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    })
    response.type('html').send(PAGE)
  })
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START))
  for (const name of ASSETS)
    app.get(`/docs/${name}`, (_request, response) => response.sendFile(name, { root: FOLDER, maxAge: '1h' }))
}
