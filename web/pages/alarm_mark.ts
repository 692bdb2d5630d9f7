// The sign of an alarm, by how bad it is.
import type {AlarmSeverity} from '../store/home.ts';
import type {Mark} from '../ui/icon.tsx';

export const markOf: Record<AlarmSeverity, Mark> = {
  fault: 'critical',
  silent: 'offline',
  warning: 'warning',
};
