// The commands in a recording: what selects them, their parameters, and the fields that they set.
// Pure.
#pragma once

#include "recordings/family_guess.h"
#include "recordings/guessed_reports.h"
#include "recordings/recorded_traffic.h"

namespace gridloom::recordings {

// Fills in the commands and the envelope of replies.
void write_guessed_sets(const RecordedTraffic& traffic, const GuessedReports& reports,
                        GuessedFamily& family);

}  // namespace gridloom::recordings
