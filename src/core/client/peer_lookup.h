// Looks up a server's address without waiting for the system's resolver, which cannot be stopped
// and takes up to half a minute if its name server does not answer.
//
// Each lookup of a name has a thread, which ends with the resolver's answer: nobody waits for it,
// also not the end of the process. A numeric address is found at once.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "client/stream.h"

namespace gridloom::client {

// Lookups of names that are under way in one process; more are refused.
inline constexpr int kMaxLookups = 64;

// `on_found` is called once, on any thread, perhaps within the call: with what find_peer() returns,
// or with kIo if too many are under way. It may be called at any time later, so that it must own
// what it uses.
void look_up_peer(const std::string& host_port,
                  std::move_only_function<void(Result<Peer>)> on_found);

// How long a lookup may take.
struct LookupEnd {
  std::stop_token stop{};
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};
// As find_peer(), but returns when a stop is requested or the time is over. kIo: it has, or too
// many are under way.
[[nodiscard]] Result<Peer> find_peer(const std::string& host_port, const LookupEnd& end);

}  // namespace gridloom::client
