#include "node/database_states.h"

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "postgres/connection.h"
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

class DatabaseStates final : public storage::States {
 public:
  explicit DatabaseStates(DatabaseStatesOptions options)
      : files_(std::move(options.folder)),
        fence_(std::move(options.fence)),
        pool_(std::move(options.database), {.job = "states", .most = 2, .clock = options.clock}) {}

  Result<std::string> load(std::string_view bridge, std::string_view key) override {
    GL_TRY(auto connection, open());
    GL_TRY(const auto rows,
           connection->query("SELECT state FROM bridge_state WHERE bridge = $1 AND key = $2",
                             Bytes{bridge}, key));
    if (rows.empty()) return files_.load(bridge, key);
    return std::string(rows[0].bytes(0));
  }

  Status save(std::string_view bridge, std::string_view key, std::string_view text) override {
    GL_TRY(auto connection, open());
    GL_TRY(auto transaction, postgres::Transaction::begin(*connection));
    if (fence_) {
      GL_TRY(fence_(*connection));
    }
    const auto saved = connection->execute(
        "INSERT INTO bridge_state VALUES ($1, $2, $3) ON CONFLICT "
        "(bridge, key) DO UPDATE SET state = excluded.state",
        Bytes{bridge}, key, Bytes{text});
    return saved ? transaction.commit() : std::unexpected(saved.error());
  }

 private:
  [[nodiscard]] Result<postgres::Pool::Lease> open() {
    auto connection = pool_.acquire();
    if (!connection || is_made_) return connection;
    GL_TRY(postgres::migrate(**connection, "bridges", kSteps));
    is_made_ = true;
    return connection;
  }

  storage::FolderStates files_;
  const std::function<Status(postgres::Connection&)> fence_;
  postgres::Pool pool_;
  std::atomic<bool> is_made_ = false;
};

}  // namespace

std::unique_ptr<storage::States> database_states(DatabaseStatesOptions options) {
  return std::make_unique<DatabaseStates>(std::move(options));
}

}  // namespace gridloom::node
