import { useEffect, useState } from 'react'
import { Check, Copy } from 'lucide-react'
import { IconButton } from './Button.tsx'
import { sayFailed } from './toasts.tsx'

/** Copies a text, and shows for a moment that it has. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1_500)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => sayFailed('Not copied', new Error('The browser refused access to the clipboard. Select the text instead.')),
    )
  return (
    <IconButton label={copied ? 'Copied' : label} onClick={() => void copy()}>
      {copied ? <Check className="size-3.5 text-good" /> : <Copy className="size-3.5" />}
    </IconButton>
  )
}
