// The tables of the registry. docs/internals/formats.md says what is in them.
//
// Stored numbers: shares.rights is 1 (monitor) or 2 (full), as in Rights; tokens.scope is 1 (read),
// 2 (control), 3 (admin) or 4 (card), as in Scope; browser_sessions.signed_in_by is 1 (link) or 2
// (password), as in SignInBy. Columns of sealed secrets are bytes (registry/seal.h); columns that
// are not sealed hold no secrets. Times are Unix times.
#pragma once

#include <array>
#include <string_view>

#include "tables/schema.h"
#include "tables/table.h"

namespace gridloom::registry {

namespace columns {
using enum tables::ColumnType;
using tables::Column;
inline constexpr Column kId{.name = "id"};
inline constexpr Column kOne{.name = "one", .type = kInt};
inline constexpr Column kOfAccount{.name = "account", .refers_to = "accounts"};
inline constexpr Column kName{.name = "name", .type = kText};
inline constexpr Column kUniqueName{.name = "name", .type = kText, .is_unique = true};
inline constexpr Column kHash{.name = "hash", .type = kText, .is_unique = true};
inline constexpr Column kMade{.name = "made_ms"};

inline constexpr std::array kSealCheck{kOne, Column{.name = "sealed", .type = kBytes}};
// The highest number that was ever given in a table: none is given twice.
inline constexpr std::array kNumbers{kName, Column{.name = "highest"}};
// The registry's id, which changes when it was set back; the number of its commits; the number of
// its changes, by whichever process; and the id that the database keeps.
inline constexpr std::array kRevision{kOne, Column{.name = "registry", .type = kText},
                                      Column{.name = "number"}, Column{.name = "change"},
                                      Column{.name = "database", .type = kText}};
inline constexpr std::array kAccounts{
    kId,
    kUniqueName,
    Column{.name = "certificate_account", .type = kText, .is_unique = true},
    Column{.name = "certificate_password", .type = kBytes},
    Column{.name = "gateway_key", .type = kBytes},
    Column{.name = "certificate_generation"},
    Column{.name = "gateway_generation"}};
inline constexpr std::array kPasswords{kOfAccount, Column{.name = "hash", .type = kBytes}};
inline constexpr std::array kAccessKeys{
    kId, Column{.name = "access_key", .type = kText, .is_unique = true},
    Column{.name = "secret_key", .type = kBytes}, kOfAccount};
inline constexpr std::array kTokens{
    kId,
    kHash,
    kName,
    Column{.name = "account", .type = kNumberOrNone, .refers_to = "accounts"},
    Column{.name = "scope", .type = kSmall},
    kMade,
    Column{.name = "expires_ms"}};
// The one device of a card's token, by its serial number: a token must not open more because its
// device was removed.
inline constexpr std::array kTokenDevices{Column{.name = "token", .refers_to = "tokens"},
                                          Column{.name = "sn", .type = kText}};
inline constexpr std::array kBrowserSessions{kId,
                                             kHash,
                                             kOfAccount,
                                             Column{.name = "signed_in_by", .type = kSmall},
                                             Column{.name = "client", .type = kText},
                                             kMade,
                                             Column{.name = "used_ms"}};
inline constexpr std::array kDevices{
    kId,
    Column{.name = "sn", .type = kText, .is_unique = true},
    kName,
    Column{.name = "owner", .refers_to = "accounts", .referred = tables::Referred::kStays},
    Column{.name = "device_key", .type = kBytes},
    Column{.name = "key_generation"}};
inline constexpr std::array kShares{Column{.name = "device", .refers_to = "devices"}, kOfAccount,
                                    Column{.name = "rights", .type = kSmall}};
inline constexpr std::array kRemovedDevices{kId};
// A kind is a text, because a version keeps the kinds of later ones.
inline constexpr std::array kBridges{kId,
                                     kUniqueName,
                                     Column{.name = "kind", .type = kText},
                                     kOfAccount,
                                     Column{.name = "settings", .type = kBytes},
                                     Column{.name = "is_on", .type = kFlag},
                                     kMade};
}  // namespace columns

namespace indexes {
using tables::Index;
inline constexpr std::array kAccessKeys{Index{"access_keys_by_account", "account"}};
inline constexpr std::array kTokens{Index{"tokens_by_account", "account"}};
inline constexpr std::array kBrowserSessions{Index{"browser_sessions_by_account", "account"}};
inline constexpr std::array kDevices{Index{"devices_by_owner", "owner"}};
inline constexpr std::array kShares{Index{"shares_by_account", "account"}};
inline constexpr std::array kBridges{Index{"bridges_by_account", "account"}};
}  // namespace indexes

inline constexpr tables::Table kAccounts{
    .number = 1, .name = "accounts", .columns = columns::kAccounts, .is_counted = true};
inline constexpr tables::Table kAccessKeys{.number = 2,
                                           .name = "access_keys",
                                           .columns = columns::kAccessKeys,
                                           .indexes = indexes::kAccessKeys,
                                           .is_counted = true,
                                           .title = "access keys"};
inline constexpr tables::Table kDevices{.number = 3,
                                        .name = "devices",
                                        .columns = columns::kDevices,
                                        .indexes = indexes::kDevices,
                                        .is_counted = true};
inline constexpr tables::Table kShares{.number = 4,
                                       .name = "shares",
                                       .columns = columns::kShares,
                                       .keys = 2,
                                       .indexes = indexes::kShares,
                                       .check = "rights IN (1, 2)",
                                       .is_counted = true};
inline constexpr tables::Table kRemovedDevices{.number = 5,
                                               .name = "removed_devices",
                                               .columns = columns::kRemovedDevices,
                                               .is_counted = true,
                                               .title = "removed devices"};
inline constexpr tables::Table kRevision{
    .number = 6, .name = "revision", .columns = columns::kRevision, .is_counted = true};
inline constexpr tables::Table kSealCheck{.number = 7,
                                          .name = "seal_check",
                                          .columns = columns::kSealCheck,
                                          .is_counted = true,
                                          .title = "seal"};
inline constexpr tables::Table kTokens{.number = 8,
                                       .name = "tokens",
                                       .columns = columns::kTokens,
                                       .indexes = indexes::kTokens,
                                       .check = "(account IS NULL) = (scope = 3)",
                                       .is_counted = true};
inline constexpr tables::Table kPasswords{
    .number = 9, .name = "passwords", .columns = columns::kPasswords, .is_counted = true};
inline constexpr tables::Table kBrowserSessions{.number = 10,
                                                .name = "browser_sessions",
                                                .columns = columns::kBrowserSessions,
                                                .indexes = indexes::kBrowserSessions,
                                                .is_counted = true,
                                                .title = "browser sessions"};
inline constexpr tables::Table kTokenDevices{.number = 11,
                                             .name = "token_devices",
                                             .columns = columns::kTokenDevices,
                                             .is_counted = true,
                                             .title = "devices of tokens"};
inline constexpr tables::Table kBridges{.number = 12,
                                        .name = "bridges",
                                        .columns = columns::kBridges,
                                        .indexes = indexes::kBridges,
                                        .is_counted = true};
inline constexpr tables::Table kNumbers{
    .number = 13, .name = "numbers", .columns = columns::kNumbers, .is_counted = true};

inline constexpr std::array kAllTables{
    &kSealCheck,  &kNumbers,        &kRevision,     &kAccounts,        &kPasswords,
    &kAccessKeys, &kTokens,         &kTokenDevices, &kBrowserSessions, &kDevices,
    &kShares,     &kRemovedDevices, &kBridges};
// Those whose rows get numbers.
inline constexpr std::array<std::string_view, 6> kNumbered{kAccounts.name, kAccessKeys.name,
                                                           kTokens.name,   kBrowserSessions.name,
                                                           kDevices.name,  kBridges.name};

// A new registry has an id of its own.
[[nodiscard]] Status put_first_rows(tables::TableConnection& connection);

inline constexpr tables::Schema kSchema{
    .name = "registry", .tables = kAllTables, .first_rows = put_first_rows};

}  // namespace gridloom::registry
