import { euros } from '../catalog.ts'

/** A product as the shop shows it. The server has checked the item against its schema. */
export function ProductCard({ data }: { data: Record<string, unknown> }) {
  const { name, colour, price } = data
  if (typeof name !== 'string' || typeof colour !== 'string' || typeof price !== 'number') return null
  return (
    <section
      aria-label={name}
      style={{
        display: 'flex',
        gap: '1rem',
        padding: '0.75rem 1rem',
        border: '1px solid var(--line)',
        borderRadius: 12,
      }}
    >
      <div>
        <strong>{name}</strong>
        <div style={{ color: 'var(--muted)' }}>{colour}</div>
      </div>
      <div style={{ marginLeft: 'auto', fontWeight: 600 }}>{euros(price)}</div>
    </section>
  )
}
