// The facts that nodes share in the cluster's database (ownership/postgres/shared_state.h): which
// nodes belong to the cluster, and all notes of losses and damage. Notes of the servers here move
// to the database within a second, so that they stay with a slot that moves, and every node shows
// them all; while the database is away they wait in the server's damage.txt.
//
// Thread rule: any function from any thread; leave(), remove() and move_from() block.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/damage_notes.h"
#include "ownership/node_id.h"
#include "ownership/postgres/shared_state.h"
#include "postgres/settings.h"

namespace gridloom::node {

class SharedView {
 public:
  using OnNotes = std::function<void(const std::string& place, history::DamageNotes& notes)>;
  struct Options {
    postgres::ConnectionSettings database;  // of the cluster's schema
    const Clock& steady;                    // outlives this
    cluster::NodeId self{};
    history::DamageNotes& shown;  // the door's, which show those of all; outlive this
    std::filesystem::path data;  // of the node: notes that were left in folders of slots come first
    std::size_t slots = 0;
    // Calls it with the notes of each server here. On the view's thread.
    std::function<void(const OnNotes&)> each_server;
    // Whether this node serves, and was not refused because of its name.
    std::function<bool()> serves;
  };
  explicit SharedView(Options options);
  SharedView(const SharedView&) = delete;
  SharedView& operator=(const SharedView&) = delete;
  ~SharedView();

  // The nodes that have not left, as of the last second in which the database answered.
  [[nodiscard]] std::vector<std::string> members() const;
  // This node is stopped by plan.
  void leave();
  // Another one is gone for good. Fails as SharedState::remove().
  [[nodiscard]] Status remove(const std::string& node);
  // The notes of a slot that is not open here, in its folder.
  void move_from(cluster::Slot slot);

 private:
  void run(const std::stop_token& stop);
  void step();
  [[nodiscard]] Status move_notes();

  const Options options_;
  cluster::SharedState state_;
  mutable std::mutex mutex_;  // guards the next two members
  std::vector<std::string> members_;
  bool has_left_ = false;
  // The thread's own.
  bool is_member_ = false;
  bool has_notes_ = false;
  std::jthread thread_;
};

[[nodiscard]] std::string slot_place(cluster::Slot slot);

}  // namespace gridloom::node
