// What the server has of today is asked for again while the page is open.
import {computed} from '@preact/signals';
import {rate, tick} from '../store/clock.ts';

const refreshS = 60;
const fastRefreshS = 10;

const refresh = computed(() => Math.floor(tick.value / (rate.value > 1 ? fastRefreshS : refreshS)));

/** Counts up when it is time to ask again: more often where the devices' time runs faster. */
export const useRefresh = (): number => refresh.value;
