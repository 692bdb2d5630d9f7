// The suite of session stores (mqtt/store_conformance), for the one in PostgreSQL.
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "database/mqtt/session_store.h"
#include "mqtt/store_conformance/test_stored.h"
#include "postgres/test_server.h"

namespace gridloom::mqtt {
namespace {

class InPostgres final : public Stored {
 public:
  InPostgres() : InPostgres(std::make_shared<postgres::TestDatabase>()) {}
  explicit InPostgres(std::shared_ptr<postgres::TestDatabase> database)
      : database_(std::move(database)) {}
  std::unique_ptr<SessionStore> open() override {
    return must(open_in_postgres(database_->settings(), folder_.path()));
  }
  // Another connection sees what is committed alone, as a server does that starts after a kill.
  std::unique_ptr<Stored> copy() override { return std::make_unique<InPostgres>(database_); }

 private:
  std::shared_ptr<postgres::TestDatabase> database_;
  TemporaryFolder folder_;
};

}  // namespace

std::vector<StoredKind> stored_kinds() {
  return {{"Postgres", [] -> std::unique_ptr<Stored> { return std::make_unique<InPostgres>(); },
           [] -> std::string_view {
             return postgres::TestServer::programs().empty() ? postgres::TestServer::kMissing : "";
           }}};
}

}  // namespace gridloom::mqtt
