// The commands in a recording: what selects them, their parameters, and the fields that they set.
// Pure.
#pragma once

#include "app/recordings/family_guess.h"
#include "app/recordings/guessed_reports.h"
#include "app/recordings/recorded_traffic.h"

namespace gridloom::app {

// Fills in the commands and the envelope of replies.
void write_guessed_sets(const RecordedTraffic& traffic, const GuessedReports& reports,
                        GuessedFamily& family);

}  // namespace gridloom::app
