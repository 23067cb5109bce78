export { renderStudio } from './renderStudio.tsx'
export type {
  AgentConfig,
  DisplayConfig,
  DisplayProperty,
  DisplayProps,
  PageConfig,
  RunTypeConfig,
  ScoreConfig,
  ScoreInputProps,
  StudioConfig,
} from './config/types.ts'
