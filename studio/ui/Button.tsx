import type { ComponentProps, ReactNode } from 'react'
import { classes } from './classes.ts'

const LOOKS = {
  primary: 'bg-accent-fill text-on-accent hover:not-disabled:bg-accent-fill-hover',
  plain: 'border border-line-strong bg-raised hover:not-disabled:bg-hover',
  quiet: 'text-muted hover:not-disabled:bg-hover hover:not-disabled:text-text',
  danger: 'bg-bad-fill text-on-accent hover:not-disabled:brightness-95',
} as const

const SIZES = {
  small: 'h-7 px-2 text-xs gap-1.5 rounded-md',
  medium: 'h-8 px-3 text-sm gap-2 rounded-md',
  large: 'h-10 px-4 text-base gap-2 rounded-lg',
} as const

export interface ButtonProps extends ComponentProps<'button'> {
  look?: keyof typeof LOOKS
  size?: keyof typeof SIZES
  icon?: ReactNode
  /** Something is under way: the button can't be pressed again, and says so. */
  busy?: boolean
}

/** The classes of a button, for links that look like one. */
export function buttonClasses(look: keyof typeof LOOKS = 'plain', size: keyof typeof SIZES = 'medium'): string {
  return classes(
    'inline-flex shrink-0 items-center justify-center font-medium whitespace-nowrap transition-colors duration-75',
    'disabled:opacity-50 aria-disabled:opacity-50',
    SIZES[size],
    LOOKS[look],
  )
}

export function Button({ look, size, icon, busy, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={classes(buttonClasses(look, size), className)}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  )
}

/** A square button that holds an icon; `label` is its name for everybody who doesn't see it. */
export function IconButton({
  label,
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'aria-label'> & { label: string }) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={classes(
        'inline-grid size-7 shrink-0 place-items-center rounded-md text-muted transition-colors duration-75',
        'hover:not-disabled:bg-hover hover:not-disabled:text-text aria-pressed:text-accent disabled:opacity-40',
        className,
      )}
    />
  )
}

/** Shown only when something takes longer than a person notices. */
export function Spinner() {
  return (
    <span
      aria-hidden
      className="appears-late inline-block size-3.5 shrink-0 rounded-full border-2 border-current border-r-transparent [animation:appear_160ms_200ms_both,spin_800ms_linear_infinite]"
    />
  )
}
