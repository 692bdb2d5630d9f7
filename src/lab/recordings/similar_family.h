// The family that an unknown product resembles most, and what a guess takes over from its file.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "catalog/family.h"
#include "catalog/file_parts.h"
#include "recordings/family_guess.h"

namespace gridloom::recordings {

struct SimilarFamily {
  catalog::FamilyPtr family;
  std::size_t shared = 0;  // fields of the guess that the family has as well
  std::size_t of = 0;      // fields of the guess
};

// The family that shares most fields with the guess: each under the same name, or under the same
// key in a report that is recognized by the same members, and with a type that what was seen fits.
// Nothing if none shares a quarter of them, or five.
[[nodiscard]] std::optional<SimilarFamily> most_similar(
    const GuessedFamily& guessed, const std::vector<catalog::FamilyPtr>& families);

// Takes over what agrees: types, units, titles and meanings of the shared fields, the reports that
// carry them, the groups in which people look for them, and commands that change them alone. A
// range or a list of values that what was seen does not keep to is left out. `parts` are those of
// the family's file.
void take_over(const SimilarFamily& similar, const catalog::FileParts& parts,
               GuessedFamily& guessed);

}  // namespace gridloom::recordings
