// The form of a record of a node's own copy of a slot's log (slot_copy.h): a message as the slot's
// stream has it (message.h), with all parts of its write in one, and what the node knew when it
// wrote the record.
//
// docs/internals/formats.md shows the bytes. The reader works on untrusted bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "journal/journal.h"

namespace gridloom::journal {

inline constexpr std::uint8_t kCopyEntryVersion = 1;
// Its kind in the log that a copy is: no journal has such records.
inline constexpr RecordKind kCopyEntry{5};

struct CopyEntry {
  std::string_view cluster{};      // its id
  std::uint64_t stored = 0;        // the stores had all records up to this one, and for a while
  std::uint64_t acknowledged = 0;  // all records up to this one were durable
  std::string_view message{};
  friend bool operator==(const CopyEntry&, const CopyEntry&) = default;
};

[[nodiscard]] std::string make_copy_entry(const CopyEntry& entry);
// Views point into `bytes`. kDamaged: it is no such record. kMalformed: it is one of a later
// version.
[[nodiscard]] Result<CopyEntry> read_copy_entry(std::string_view bytes);

}  // namespace gridloom::journal
