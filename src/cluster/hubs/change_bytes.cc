#include "hubs/change_bytes.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kVersion = 1;

// Both sides go over the members of a batch by one function (members_of), so that they cannot
// differ.
struct Writer {
  std::string bytes{};

  void number(const std::uint64_t& value) { append_varint(bytes, value); }
  void text(const std::string& value) { append_text(bytes, value); }
  void flag(const bool& value) { append_varint(bytes, value ? 1 : 0); }
  void time(const TimePoint& value) { append_signed(bytes, unix_ms(value)); }
  void account(const registry::AccountId& value) {
    append_varint(bytes, static_cast<std::uint64_t>(value));
  }
  template <typename Enum>
  void up_to(const Enum& value, std::uint64_t /*last*/) {
    append_varint(bytes, static_cast<std::uint64_t>(value));
  }
  void time(const std::optional<TimePoint>& value) {
    flag(value.has_value());
    if (value) time(*value);
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& values, Each each) {
    append_varint(bytes, values.size());
    for (const T& value : values) each(*this, value);
  }
};

struct Reader {
  Cursor cursor;

  void number(std::uint64_t& value) { value = cursor.varint(); }
  void text(std::string& value) { value = cursor.text(); }
  void flag(bool& value) { value = up_to(1) == 1; }
  void time(TimePoint& value) { value = TimePoint(Millis(cursor.signed_varint())); }
  void account(registry::AccountId& value) {
    value = static_cast<registry::AccountId>(cursor.varint());
  }
  std::uint64_t up_to(std::uint64_t most) {
    const std::uint64_t value = cursor.varint();
    if (value <= most) return value;
    cursor.fail();
    return 0;
  }
  template <typename Enum>
  void up_to(Enum& value, std::uint64_t last) {
    value = static_cast<Enum>(up_to(last));
  }
  void time(std::optional<TimePoint>& value) {
    if (up_to(1) == 1) time(value.emplace());
  }
  template <typename T, typename Each>
  void list(std::vector<T>& values, Each each) {
    // Each has a byte at least.
    for (std::uint64_t left = up_to(cursor.rest().size()); left != 0; --left) {
      each(*this, values.emplace_back());
    }
  }
};

constexpr auto kValue = [](auto& codec, auto& value) {
  codec.number(value.slot);
  codec.text(value.name);
  codec.text(value.text);
  codec.time(value.at);
  codec.number(value.number);
};
constexpr auto kFault = [](auto& codec, auto& fault) {
  codec.number(fault.slot);
  codec.text(fault.field);
  codec.text(fault.text);
  codec.flag(fault.is_active);
  codec.time(fault.at);
  codec.number(fault.number);
};
constexpr auto kPresence = [](auto& codec, auto& presence) {
  codec.account(presence.account);
  codec.flag(presence.online);
  codec.time(presence.at);
  codec.number(presence.number);
};
constexpr auto kSet = [](auto& codec, auto& set) {
  codec.up_to(set.kind, static_cast<std::uint64_t>(SetOutcome::Kind::kUnanswered));
  codec.text(set.id);
  codec.account(set.account);
  codec.text(set.why);
  codec.time(set.at);
  codec.number(set.number);
};
constexpr auto kDevice = [](auto& codec, auto& device) {
  codec.text(device.sn);
  codec.number(device.number);
  codec.time(device.last_report);
  codec.list(device.values, kValue);
  codec.list(device.faults, kFault);
  codec.flag(device.has_all_faults);
  codec.list(device.presence, kPresence);
  codec.list(device.sets, kSet);
  codec.up_to(device.membership, static_cast<std::uint64_t>(Membership::kRemoved));
};
constexpr auto kCovered = [](auto& codec, auto& covered) {
  codec.up_to(covered.partition, kPartitions - 1);
  codec.number(covered.after);
  codec.number(covered.through);
};

template <typename Codec, typename Batch>
void members_of(Codec& codec, Batch& batch) {
  codec.list(batch.covered, kCovered);
  codec.list(batch.devices, kDevice);
  codec.flag(batch.is_lost);
}

}  // namespace

std::string bytes_of(const ChangeBatch& batch) {
  Writer writer;
  writer.number(kVersion);
  members_of(writer, batch);
  return std::move(writer.bytes);
}

Result<ChangeBatch> change_batch_in(std::string_view bytes) {
  Reader reader{.cursor = Cursor(bytes)};
  ChangeBatch batch;
  if (reader.cursor.varint() == kVersion) {
    members_of(reader, batch);
    if (!reader.cursor.failed() && reader.cursor.at_end()) return batch;
  }
  return fail(ErrorCode::kMalformed, "not the bytes of a batch of changes");
}

}  // namespace gridloom::hub
