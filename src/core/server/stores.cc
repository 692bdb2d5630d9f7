#include "server/stores.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/read_file.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "storage/files.h"
#include "wire/json.h"

namespace gridloom::server {
namespace {

class FolderStores final : public Stores {
 public:
  explicit FolderStores(std::filesystem::path data) : data_(std::move(data)) {}

  Result<std::unique_ptr<registry::Registry>> open_registry() override {
    return registry::Registry::open(data_);
  }
  Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() override {
    return mqtt::SessionStore::open(data_);
  }
  std::shared_ptr<history::StoreFactory> history() override {
    return history::sqlite_store_factory(data_);
  }

 private:
  const std::filesystem::path data_;
};

}  // namespace

std::unique_ptr<Stores> folder_stores(std::filesystem::path data) {
  return std::make_unique<FolderStores>(std::move(data));
}

namespace {

constexpr std::string_view kFile = "database.json";
constexpr std::size_t kMostBytes = 16'384;

std::string text_of(const wire::Json& value, std::string_view key) {
  const wire::Json* const member = wire::member(value, key);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

}  // namespace

Result<std::optional<DatabasePlace>> database_of(const std::filesystem::path& data) {
  const std::filesystem::path file = data / kFile;
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    if (unknown)
      return fail(ErrorCode::kIo, fmt::format("{}: {}", file.string(), unknown.message()));
    return std::nullopt;
  }
  GL_TRY(const auto text, read_file(file, kMostBytes));
  const auto value = wire::parse_json(text);
  DatabasePlace place;
  if (value && value->is_object()) {
    place = {.url = text_of(*value, "url"),
             .password_file = text_of(*value, "passwordFile"),
             .database = text_of(*value, "database")};
  }
  if (place.url.empty()) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} does not say which database has the data of this folder: restore "
                            "it, or remove it and name the database with --database",
                            file.string()));
  }
  return place;
}

Status set_database(const std::filesystem::path& data, const DatabasePlace& place) {
  const wire::JsonObject text{{"url", place.url},
                              {"passwordFile", place.password_file.string()},
                              {"database", place.database}};
  return storage::write_private_file(data / kFile, wire::to_text(text) + "\n");
}

bool names_database(const std::filesystem::path& data) {
  std::error_code unknown;
  return std::filesystem::exists(data / kFile, unknown);
}

bool has_own_data(const std::filesystem::path& data) {
  constexpr auto kFiles = std::to_array<std::string_view>({"registry.sqlite", "history.db"});
  std::error_code unknown;
  for (const std::string_view name : kFiles) {
    if (std::filesystem::exists(data / name, unknown)) return true;
  }
  return false;
}

}  // namespace gridloom::server
