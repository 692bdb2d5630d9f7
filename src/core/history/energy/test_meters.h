// Families of devices that measure, for tests of energies: each test says what they measure.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "catalog/loader.h"
#include "testing/must.h"

namespace gridloom::history {

// A family with these entries of `fields`, in YAML, which are numbers in W where they do not say
// otherwise; `groups` has how their names begin.
inline catalog::FamilyPtr meters(std::string_view fields, std::string_view groups = "w.") {
  return must(catalog::load_family("metered_home.yaml", fmt::format(R"yaml(
family: metered_home
product: Metered Home
description: A home that nobody lives in
prefixes: [MH1]
read_only: true
quota_all: flat
messages: {{report: {{id: $message_id}}, reply: {{id: $id}}}}
reports:
  all: {{match: {{typeCode: all}}, fields: [{}]}}
defaults:
  fields: {{type: float, unit: W, description: x}}
fields:
{})yaml",
                                                                    groups, fields)));
}

}  // namespace gridloom::history
