// The meaning of a database's answer to a batch of lines. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "client/http_client.h"

namespace gridloom::bridges {

enum class WriteResult : std::uint8_t {
  kTaken,
  kRefused,   // the lines are at fault: sent again, they would be refused again
  kTooLarge,  // a part of the batch may be taken
  kLater      // the server or the settings are at fault
};
[[nodiscard]] WriteResult result_of(const client::HttpReply& reply);

// The lines of a refused batch that are lost: a server may have taken the others.
[[nodiscard]] std::size_t lost_lines(const client::HttpReply& reply, std::size_t lines);

}  // namespace gridloom::bridges
