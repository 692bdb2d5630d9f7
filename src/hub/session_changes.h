// Changes of what identifies a client's publications, as they stand in the log
// (history::RecordKind::kTurn): by them a repetition is known after a crash, too.
//
// A stream is one client of one user: what it publishes in QoS 1 and 2, over all its connections.
// docs/internals/formats.md shows the bytes. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace gridloom::hub {

// A publication of QoS 1 or 2, by the packet id and a digest of topic and payload.
struct Receipt {
  std::uint16_t packet_id = 0;
  bool exactly_once = false;
  std::uint64_t digest = 0;

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct StreamBegun {
  std::int64_t stream = 0;
  std::string_view user{};
  std::string_view client_id{};
};
struct PublicationTaken {
  std::int64_t stream = 0;
  Receipt receipt{};
  // So many of the stream's oldest receipts are no longer needed.
  std::uint32_t settled = 0;
};
// PUBREL came: the packet id is free again.
struct PublicationReleased {
  std::int64_t stream = 0;
  std::uint16_t packet_id = 0;
};
// The client's session began anew: no PUBREL is owed.
struct StreamCleared {
  std::int64_t stream = 0;
};
struct StreamEnded {
  std::int64_t stream = 0;
};
using SessionChange =
    std::variant<StreamBegun, PublicationTaken, PublicationReleased, StreamCleared, StreamEnded>;

void append_change(std::string& bytes, const SessionChange& change);

// Calls `on_change` for each, in order; views lead into `bytes`. False: the bytes end in what is no
// change; those before it were told.
bool each_change(std::string_view bytes,
                 const std::function<void(const SessionChange&)>& on_change);

}  // namespace gridloom::hub
