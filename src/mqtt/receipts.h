// What a client published lately in QoS 1 and 2: by it a repetition (DUP) is told from a message
// that happens to say the same.
//
// A repetition has the packet id of the first sending and the same topic and payload, and the id
// was not used for anything else in between. A receipt is kept until the client shows that it has
// the acknowledgement (it uses the id again, or sends PUBREL), until it was acknowledged
// kSettled_after ago on a connection that is still used, or until kMost newer ones came.
//
// Pure but for the time that comes in; one thread at a time.
#pragma once

#include <boost/circular_buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/session_changes.h"

namespace gridloom::mqtt {

class Receipts {
 public:
  // As many as a client may have unanswered, and some.
  static constexpr std::size_t kMost = 1024;
  static constexpr Millis kSettled_after{60'000};

  // Whether this is the message that came last under its packet id.
  [[nodiscard]] bool knows(const hub::Receipt& receipt) const;
  // How many of the oldest are no longer needed at `now`.
  [[nodiscard]] std::uint32_t settled(TimePoint now) const;

  // A new publication; the oldest `settled` that are not owed a PUBREL go.
  void take(const hub::Receipt& receipt, std::uint32_t settled);
  // The acknowledgement is on its way.
  void answered(std::uint16_t packet_id, TimePoint now);
  void all_answered(TimePoint now);
  // It was refused, or its PUBREL came.
  void remove(std::uint16_t packet_id);
  // The session began anew: PUBRELs are no longer owed.
  void clear_owed();

  // Packet ids of QoS 2 whose PUBREL is owed, ascending.
  [[nodiscard]] std::vector<std::uint16_t> owed() const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // For the disk: 11 bytes a receipt, the oldest first.
  [[nodiscard]] std::string bytes() const;
  // Nothing: the bytes are none of bytes()'.
  [[nodiscard]] static std::optional<Receipts> from(std::string_view bytes);

 private:
  struct Entry {
    std::uint64_t digest = 0;
    TimePoint answered_at{};  // zero: not yet
    std::uint16_t packet_id = 0;
    bool owed = false;  // a PUBREL
  };
  // Each id once, the oldest first.
  using Entries = boost::circular_buffer<Entry>;

  // How far an id is from that of the oldest entry, around the end of the ids.
  [[nodiscard]] std::uint16_t steps_to(std::uint16_t packet_id) const;
  [[nodiscard]] std::optional<std::size_t> place_of(std::uint16_t packet_id) const;
  void erase(std::size_t place);
  void drop_oldest(std::size_t count);
  void make_room();

  Entries entries_;
  // Each entry's id is further than the one before it, as most clients count; then what is newer
  // than all need not be looked for.
  bool ascending_ = true;
};

// Of topic and payload. Two messages with the same one are taken for the same only if the packet id
// agrees as well.
[[nodiscard]] std::uint64_t digest_of(std::string_view topic, std::string_view payload);

}  // namespace gridloom::mqtt
