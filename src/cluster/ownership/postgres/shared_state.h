// The state that the nodes of a cluster share in its database beside the claims: which nodes belong
// to it, and the notes of losses and damage of all of them, which thereby outlive the node that
// found them.
//
// A node is a member from when it serves until it is stopped by plan. One that was killed stays a
// member, so that the others can tell that it is missing, until it is started and stopped again or
// an operator removes it.
//
// Thread rule: any function from any thread. They block, up to seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ownership/node_id.h"
#include "postgres/pool.h"
#include "postgres/settings.h"

namespace gridloom::cluster {

struct SharedNote {
  std::string place{};  // "slot 5", or the name of a node
  std::string key{};    // what it is known by in its place
  std::string line{};   // of history::DamageNotes
};

class SharedState {
 public:
  static constexpr std::size_t kMostNotes = 1'000;  // that are read: the first ones are enough

  SharedState(const postgres::ConnectionSettings& settings, const Clock& clock);

  // All fail with kIo.
  [[nodiscard]] Status join(const NodeId& node);
  // Changes nothing if a later start of its name is a member.
  [[nodiscard]] Status leave(const NodeId& node);
  // kNotFound: it is no member.
  [[nodiscard]] Status remove(const std::string& node);

  struct Seen {
    std::vector<std::string> members{};  // by name
    std::vector<SharedNote> notes{};     // oldest first
  };
  [[nodiscard]] Result<Seen> read();
  // One whose key its place has already changes nothing.
  [[nodiscard]] Status add(const std::vector<SharedNote>& notes);
  [[nodiscard]] Status remove_notes();
  void stop() { pool_.stop(); }  // ends the calls that are under way, and later ones

 private:
  template <typename... Values>
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql, const Values&... values);

  postgres::Pool pool_;
};

}  // namespace gridloom::cluster
