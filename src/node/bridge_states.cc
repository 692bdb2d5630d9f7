#include "node/bridge_states.h"

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "postgres/migrate.h"
#include "postgres/pool.h"
#include "postgres/values.h"

namespace gridloom::node {
namespace {

using postgres::Bytes;

constexpr std::array kSteps = {postgres::Migration{.version = 1, .usable_from = 1, .sql = R"(
CREATE TABLE bridge_state (
  bridge bytea NOT NULL,
  key text NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (bridge, key)
);
)"}};

class DatabaseStates final : public bridges::States {
 public:
  DatabaseStates(postgres::ConnectionSettings database, std::filesystem::path folder,
                 const Clock& clock)
      : files_(std::move(folder)),
        pool_(std::move(database), {.job = "states of bridges", .most = 2, .clock = clock}) {}

  Result<std::string> load(std::string_view bridge, std::string_view key) override {
    auto connection = open();
    if (!connection) return std::unexpected(connection.error());
    const auto rows = (*connection)
                          ->query("SELECT state FROM bridge_state WHERE bridge = $1 AND key = $2",
                                  Bytes{bridge}, key);
    if (!rows) return std::unexpected(rows.error());
    if (rows->empty()) return files_.load(bridge, key);
    return std::string((*rows)[0].bytes(0));
  }

  Status save(std::string_view bridge, std::string_view key, std::string_view text) override {
    auto connection = open();
    if (!connection) return std::unexpected(connection.error());
    const auto saved = (*connection)
                           ->execute(
                               "INSERT INTO bridge_state VALUES ($1, $2, $3) ON CONFLICT "
                               "(bridge, key) DO UPDATE SET state = excluded.state",
                               Bytes{bridge}, key, Bytes{text});
    return saved ? Status() : std::unexpected(saved.error());
  }

 private:
  [[nodiscard]] Result<postgres::Pool::Lease> open() {
    auto connection = pool_.acquire();
    if (!connection || is_made_) return connection;
    if (Status made = postgres::migrate(**connection, "bridges", kSteps); !made) {
      return std::unexpected(made.error());
    }
    is_made_ = true;
    return connection;
  }

  bridges::FolderStates files_;
  postgres::Pool pool_;
  std::atomic<bool> is_made_ = false;
};

}  // namespace

std::unique_ptr<bridges::States> bridge_states(postgres::ConnectionSettings database,
                                               std::filesystem::path folder, const Clock& clock) {
  return std::make_unique<DatabaseStates>(std::move(database), std::move(folder), clock);
}

}  // namespace gridloom::node
