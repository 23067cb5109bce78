const FITS = ['too small', 'right', 'too big']

/** Asks a reviewer whether what was recommended fitted. */
export function FitScore({ value, onChange }: { value?: unknown; onChange: (value: string) => void }) {
  return (
    <div role="group" aria-label="Fit" style={{ display: 'grid', gap: '0.5rem' }}>
      {FITS.map((fit) => (
        <label key={fit} style={{ display: 'flex', gap: '0.5rem' }}>
          <input type="radio" name="fit" checked={value === fit} onChange={() => onChange(fit)} />
          {fit}
        </label>
      ))}
    </div>
  )
}
