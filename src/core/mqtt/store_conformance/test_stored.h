// For tests: kinds of session stores. A program that has another kind compiles the suite of this
// folder, and says in stored_kinds() which kinds it is for.
#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/session_store.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::mqtt {

// What is stored: it is opened as often as a server starts.
class Stored {
 public:
  Stored() = default;
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;
  virtual ~Stored() = default;
  virtual std::unique_ptr<SessionStore> open() = 0;
  // As a kill leaves it now, while a store is open.
  virtual std::unique_ptr<Stored> copy() = 0;
};

class InSqlite final : public Stored {
 public:
  InSqlite() { std::filesystem::create_directory(data()); }
  std::unique_ptr<SessionStore> open() override { return must(SessionStore::open(data())); }
  std::unique_ptr<Stored> copy() override {
    auto copy = std::make_unique<InSqlite>();
    for (const char* name : {"sessions.db", "sessions.db-wal"}) {
      std::filesystem::copy(data() / name, copy->data() / name);
    }
    return copy;
  }

 private:
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "d"; }

  TemporaryFolder folder_;
};

struct StoredKind {
  std::string_view name;
  std::unique_ptr<Stored> (*make)();
  // The reason why it cannot be made here; empty: it can.
  std::string_view (*missing)() = [] -> std::string_view { return {}; };
};
inline void PrintTo(const StoredKind& kind, std::ostream* out) { *out << kind.name; }

// Each program of tests defines it, in kinds_test.cc.
[[nodiscard]] std::vector<StoredKind> stored_kinds();

}  // namespace gridloom::mqtt
