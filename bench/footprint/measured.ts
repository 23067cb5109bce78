/** One figure with the most that it may be. */
export interface Measured {
  name: string
  value: number
  unit: string
  wanted: number
}

/** A line each: name, value, wanted, met or missed. */
export function renderMeasured(all: readonly Measured[]): string {
  const width = Math.max(...all.map(({ name }) => name.length))
  return all
    .map(({ name, value, unit, wanted }) => {
      const number = Number.isInteger(value) ? String(value) : value.toFixed(1)
      return `${name.padEnd(width)}  ${number} ${unit}  (wanted: at most ${wanted} ${unit})  ${value <= wanted ? 'met' : 'missed'}`
    })
    .join('\n')
}
