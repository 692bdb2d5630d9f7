#include "ownership/beat.h"

#include "base/bytes.h"
#include "base/printable.h"

namespace gridloom::cluster {
namespace {

constexpr std::uint64_t kForm = 1;
// Beyond any number of owners; a claim goes one above it.
constexpr Revision kMostRevision = std::int64_t{1} << 52U;

std::string_view cut(std::string_view text) { return text.substr(0, kLongestBeatText); }

bool is_good(const Beat& beat) {
  return check_node_name(beat.node.name).has_value() && beat.node.incarnation > 0 &&
         beat.rival >= 0 && beat.version.size() <= kLongestBeatText &&
         beat.address.size() <= kLongestBeatText;
}

}  // namespace

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::kJoining:
      return "joining";
    case Phase::kServing:
      return "serving";
    case Phase::kDraining:
      return "draining";
  }
  return "";
}

std::string bytes_of(const Beat& beat) {
  std::string bytes;
  append_varint(bytes, kForm);
  append_text(bytes, beat.node.name);
  append_fixed64(bytes, static_cast<std::uint64_t>(beat.node.incarnation));
  append_text(bytes, cut(beat.version));
  append_text(bytes, cut(beat.address));
  append_fixed64(bytes, static_cast<std::uint64_t>(beat.rival));
  append_signed(bytes, beat.sent_ms);
  append_varint(bytes, static_cast<std::uint64_t>(beat.phase));
  append_varint(bytes, beat.takes_slots ? 1 : 0);
  append_varint(bytes, beat.changes);
  append_varint(bytes, beat.served.size());
  for (const ServedSlot& served : beat.served) {
    append_varint(bytes, number_of(served.slot));
    append_varint(bytes, static_cast<std::uint64_t>(served.revision));
  }
  return bytes;
}

std::optional<Beat> beat_in(std::string_view bytes) {
  Cursor cursor(bytes);
  if (cursor.varint() != kForm) return std::nullopt;
  Beat beat;
  beat.node.name = cursor.text();
  beat.node.incarnation = static_cast<std::int64_t>(cursor.fixed64());
  // For people, and anybody may have sent it.
  beat.version = printable(cursor.text());
  beat.address = printable(cursor.text());
  beat.rival = static_cast<std::int64_t>(cursor.fixed64());
  beat.sent_ms = cursor.signed_varint();
  const std::uint64_t phase = cursor.varint();
  if (phase > static_cast<std::uint64_t>(Phase::kDraining)) return std::nullopt;
  beat.phase = static_cast<Phase>(phase);
  beat.takes_slots = cursor.varint() != 0;
  beat.changes = cursor.varint();
  const std::uint64_t served = cursor.varint();
  if (served > kMostSlots) return std::nullopt;
  beat.served.reserve(served);
  for (std::uint64_t i = 0; i < served; ++i) {
    const std::uint64_t slot = cursor.varint();
    const auto revision = static_cast<Revision>(cursor.varint());
    if (slot >= kMostSlots || revision <= 0 || revision > kMostRevision) return std::nullopt;
    beat.served.push_back({.slot = static_cast<Slot>(slot), .revision = revision});
  }
  if (cursor.failed() || !is_good(beat)) return std::nullopt;
  return beat;
}

}  // namespace gridloom::cluster
