import { say, sayFailed } from './toasts.tsx'

/** Copies a text and says so. */
export function copyText(text: string, done: string): void {
  navigator.clipboard.writeText(text).then(
    () => say(done),
    () => sayFailed('Not copied', new Error('The browser refused access to the clipboard. Select the text instead.')),
  )
}
