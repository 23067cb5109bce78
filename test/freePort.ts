export { freePort } from '../cli/embedded/freePort.ts'
