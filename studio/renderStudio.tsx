import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App.tsx'
import { assertConfig } from './config/assertConfig.ts'
import { applyTheme } from './ui/theme.ts'
import './styles/studio.css'

/**
 * Mounts Studio into an element of a page below `/studio/`.
 *
 * @param config what `agentview.config.tsx` exports. Its components show items, properties and pages; agents that it
 *   doesn't name are shown by the stock ones.
 * @returns a function that takes Studio away again.
 * @throws TypeError when the config can't be used; the message says which member and what it must be.
 */
export function renderStudio(element: Element, config: unknown): () => void {
  assertConfig(config)
  applyTheme()
  for (const [name, value] of Object.entries(config.theme ?? {})) {
    document.documentElement.style.setProperty(`--${name}`, value)
  }
  const root = createRoot(element)
  root.render(
    <StrictMode>
      <App config={config} />
    </StrictMode>,
  )
  return () => root.unmount()
}
