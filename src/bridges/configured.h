// A bridge as the configuration names it, in one line:
//
//   KIND NAME account=ACCOUNT SETTING=VALUE SETTING="VALUE WITH BLANKS" ...
//
// A setting that is secret stands in a file, whose name is given: password-file=PATH.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "parameters/parameter.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::bridges {

// A bridge that the configuration names. Its settings have been checked.
struct ConfiguredBridge {
  std::string name;
  std::string kind;
  std::string account;  // the account's name
  Secret settings;      // a JSON object
};

// kBadParams: the text, or a setting in it, is not as it should be; kIo, kNotFound: the file of a
// secret. Blocks on files.
[[nodiscard]] Result<ConfiguredBridge> parse_configured(std::string_view text,
                                                        const time::Now& now);

// Whether its value is given as the name of a file.
[[nodiscard]] bool is_file(const parameters::Parameter& setting);
// The name by which a secret setting is given where others could read it: "password-file".
[[nodiscard]] std::string name_of_file(const parameters::Parameter& secret);
// A setting's value as people write it: a time in any of the forms of docs/user/times.md, relative
// to `now`, the name of a file relative to the folder of the process. It is checked by
// check_settings() only. kBadParams: it is none of the setting's type.
[[nodiscard]] Result<wire::Json> parse_setting(const parameters::Parameter& setting,
                                               std::string_view text, const time::Now& now);
// Adds the setting that is given as "NAME=VALUE". kBadParams: the kind has no such setting, or the
// value is none for it. Blocks on files.
[[nodiscard]] Status add_setting(const BridgeKind& kind, std::string_view assignment,
                                 wire::JsonObject& settings, const time::Now& now);

}  // namespace gridloom::bridges
