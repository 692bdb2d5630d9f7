#include "database/history/slot_schema.h"

#include <fmt/format.h>

#include <vector>

#include "database/history/schema.h"
#include "database/history/sql_views.h"

namespace gridloom::history {

using postgres::Connection;
using postgres::ConnectionSettings;

std::string slot_schema(std::string_view cluster_schema, cluster::Slot slot) {
  return fmt::format("{}_slot_{}", cluster_schema, cluster::number_of(slot));
}

ConnectionSettings slot_settings(const ConnectionSettings& settings, cluster::Slot slot) {
  return settings.with_schema(slot_schema(settings.schema(), slot));
}

Status make_slot_schemas(const ConnectionSettings& settings, const Connection::Options& options,
                         std::size_t slots) {
  std::vector<std::string> schemas;
  for (std::size_t i = 0; i < slots; ++i) {
    const auto slot = static_cast<cluster::Slot>(i);
    GL_TRY(auto connection, Connection::open(slot_settings(settings, slot), options));
    GL_TRY(migrate_history(connection));
    schemas.push_back(connection.schema());
  }
  GL_TRY(auto connection, Connection::open(settings, options));
  return make_sql_views_of_slots(connection, schemas);
}

}  // namespace gridloom::history
