#include "jetstream/copy_entry.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace gridloom::journal {

std::string make_copy_entry(const CopyEntry& entry) {
  std::string out(1, static_cast<char>(kCopyEntryVersion));
  out.reserve(2 * kLongestVarint + 2 + entry.cluster.size() + entry.message.size());
  append_text(out, entry.cluster);
  append_varint(out, entry.stored);
  append_varint(out, entry.acknowledged);
  out += entry.message;
  return out;
}

Result<CopyEntry> read_copy_entry(std::string_view bytes) {
  Cursor cursor(bytes);
  const std::string_view version = cursor.bytes(1);
  if (cursor.failed() || version.front() == 0) {
    return fail(ErrorCode::kDamaged, "it is no record of a copy of a slot's log");
  }
  if (static_cast<std::uint8_t>(version.front()) > kCopyEntryVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the copy of a slot's log is of a later version of Gridloom (format "
                            "{}; this version reads {})",
                            static_cast<std::uint8_t>(version.front()), kCopyEntryVersion));
  }
  CopyEntry entry;
  entry.cluster = cursor.text();
  entry.stored = cursor.varint();
  entry.acknowledged = cursor.varint();
  if (cursor.failed()) {
    return fail(ErrorCode::kDamaged, "a record of a copy of a slot's log ends too early");
  }
  entry.message = cursor.rest();
  return entry;
}

}  // namespace gridloom::journal
