import { CopyButton } from './CopyButton.tsx'

/** A command that a person runs in a terminal. */
export function CommandLine({ children }: { children: string }) {
  return (
    <div className="flex w-full items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3 text-left">
      <code className="min-w-0 flex-1 overflow-x-auto font-mono text-xs whitespace-nowrap text-text" tabIndex={0}>
        {children}
      </code>
      <CopyButton text={children} label="Copy the command" />
    </div>
  )
}
