import { CopyButton } from './CopyButton.tsx'

/** Beyond this a value is cut in the page; copying gives all of it. */
const SHOWN = 20_000

/** A value as JSON, to read and to copy. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? 'undefined'
  return <CodeView text={text} label={label} />
}

export function CodeView({ text, label }: { text: string; label: string }) {
  const cut = text.length > SHOWN
  return (
    <figure className="group/code relative min-w-0 rounded-md border border-line bg-sunken">
      <figcaption className="sr-only">{label}</figcaption>
      <pre
        tabIndex={0}
        aria-label={label}
        className="max-h-96 overflow-auto p-2.5 pr-9 font-mono text-xs leading-[1.125rem] [overflow-wrap:anywhere] whitespace-pre-wrap"
      >
        {cut ? `${text.slice(0, SHOWN)}\n… ${(text.length - SHOWN).toLocaleString()} more characters` : text}
      </pre>
      <div className="absolute top-1 right-1">
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
    </figure>
  )
}
