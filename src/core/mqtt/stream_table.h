// The streams of all clients (hub/clients/session_changes.h) as of the log, and which of them
// changed since they were last stored.
//
// Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/clients/session_changes.h"
#include "mqtt/receipts.h"

namespace gridloom::mqtt {

struct StoredStream {
  std::int64_t number = 0;
  std::string user;
  std::string client_id;
  Receipts receipts;
};
using StoredStreams = std::vector<StoredStream>;

class StreamTable {
 public:
  // Adds a stream as it was stored.
  void restore(StoredStream stream);
  // Changes that do not concern streams are ignored.
  void apply(const hub::SessionChange& change);
  // Sets the last record whose changes have been applied.
  void set_record(std::uint64_t record) { record_ = record; }

  struct ChangedStream {
    std::int64_t number = 0;
    bool ended = false;
    std::string user{};
    std::string client_id{};
    std::string receipts{};  // Receipts::bytes()
  };
  // Returns the streams that changed since the last call, each once.
  [[nodiscard]] std::vector<ChangedStream> take_changed();
  // Storing them failed: they count as changed again.
  void put_back(const std::vector<ChangedStream>& rows);
  [[nodiscard]] bool has_changed() const { return !changed_.empty(); }
  [[nodiscard]] std::uint64_t record() const { return record_; }

  [[nodiscard]] StoredStreams all() const;
  // The highest number that any stream ever had.
  [[nodiscard]] std::int64_t highest() const { return highest_; }

 private:
  void changed(std::int64_t number);

  struct Held {
    StoredStream stream;
    bool changed = false;
  };
  std::unordered_map<std::int64_t, Held> streams_;
  std::vector<std::int64_t> changed_;
  std::uint64_t record_ = 0;
  std::int64_t highest_ = 0;
};

}  // namespace gridloom::mqtt
