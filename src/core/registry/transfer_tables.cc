#include "registry/transfer_tables.h"

namespace gridloom::registry {
namespace {

constexpr TransferColumn kId{.name = "id"};
constexpr TransferColumn kAccount{.name = "account"};
constexpr TransferColumn kName{.name = "name", .kind = ColumnKind::kText};
constexpr TransferColumn kHash{.name = "hash", .kind = ColumnKind::kText};
constexpr TransferColumn kSn{.name = "sn", .kind = ColumnKind::kText};
constexpr TransferColumn kMade{.name = "made_ms"};

std::vector<TransferTable> tables_of_accounts() {
  return {
      {.table = {.name = "accounts", .columns = 7},
       .name = "accounts",
       .columns = {kId,
                   kName,
                   {.name = "certificate_account", .kind = ColumnKind::kText},
                   {.name = "certificate_password", .kind = ColumnKind::kSealed},
                   {.name = "gateway_key", .kind = ColumnKind::kSealed},
                   {.name = "certificate_generation"},
                   {.name = "gateway_generation"}}},
      {.table = {.name = "passwords", .columns = 2},
       .name = "passwords",
       .columns = {kAccount, {.name = "hash", .kind = ColumnKind::kSealed}}},
      {.table = {.name = "access keys", .columns = 4},
       .name = "access_keys",
       .columns = {kId,
                   {.name = "access_key", .kind = ColumnKind::kText},
                   {.name = "secret_key", .kind = ColumnKind::kSealed},
                   kAccount}},
      {.table = {.name = "tokens", .columns = 7},
       .name = "tokens",
       .columns = {kId,
                   kHash,
                   kName,
                   {.name = "account", .kind = ColumnKind::kNumberOrNone},
                   {.name = "scope", .kind = ColumnKind::kSmall},
                   kMade,
                   {.name = "expires_ms"}}},
      {.table = {.name = "devices of tokens", .columns = 2},
       .name = "token_devices",
       .columns = {{.name = "token"}, kSn}},
      {.table = {.name = "browser sessions", .columns = 7},
       .name = "browser_sessions",
       .columns = {kId,
                   kHash,
                   kAccount,
                   {.name = "signed_in_by", .kind = ColumnKind::kSmall},
                   {.name = "client", .kind = ColumnKind::kText},
                   kMade,
                   {.name = "used_ms"}}},
  };
}

std::vector<TransferTable> tables_of_devices() {
  return {
      {.table = {.name = "devices", .columns = 6},
       .name = "devices",
       .columns = {kId,
                   kSn,
                   kName,
                   {.name = "owner"},
                   {.name = "device_key", .kind = ColumnKind::kSealed},
                   {.name = "key_generation"}}},
      {.table = {.name = "shares", .columns = 3, .keys = 2, .group = 2},
       .name = "shares",
       .columns = {{.name = "device"}, kAccount, {.name = "rights", .kind = ColumnKind::kSmall}}},
      {.table = {.name = "removed devices", .columns = 1},
       .name = "removed_devices",
       .columns = {kId}},
      {.table = {.name = "bridges", .columns = 7},
       .name = "bridges",
       .columns = {kId,
                   kName,
                   {.name = "kind", .kind = ColumnKind::kText},
                   kAccount,
                   {.name = "settings", .kind = ColumnKind::kSealed},
                   {.name = "is_on", .kind = ColumnKind::kFlag},
                   kMade}},
  };
}

}  // namespace

std::vector<TransferTable> transfer_tables() {
  std::vector<TransferTable> all{
      {.table = {.name = "seal", .columns = 2},
       .name = "seal_check",
       .columns = {{.name = "one", .kind = ColumnKind::kInt},
                   {.name = "sealed", .kind = ColumnKind::kSealed}}},
  };
  for (TransferTable& each : tables_of_accounts()) all.push_back(std::move(each));
  for (TransferTable& each : tables_of_devices()) all.push_back(std::move(each));
  all.push_back({.table = kRevisionTable,
                 .name = "revision",
                 .columns = {{.name = "one", .kind = ColumnKind::kInt},
                             {.name = "registry", .kind = ColumnKind::kText},
                             {.name = "number"}}});
  all.push_back(
      {.table = kNumbersTable, .name = "numbers", .columns = {kName, {.name = "highest"}}});
  return all;
}

}  // namespace gridloom::registry
