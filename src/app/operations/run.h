// Carries out operations of the table (app/operations/table.h): checks the parameters, runs the
// function, and writes the audit, without secrets, before the answer.
//
// Thread rule: any thread. All calls block: those of one context take turns (Context::turn), except
// operations that wait for a device or take long (Timing), which run beside others.
#pragma once

#include <string>
#include <string_view>

#include "app/operations/context.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::operations {

inline constexpr std::string_view kWarningMember = "warning";  // member of the answer to a change

// The caller of an operation, as the audit names it.
struct Caller {
  std::string who = "admin";
  std::string through = "command";
  std::string by{};    // the credential: "token 7"; empty: none
  std::string from{};  // the network address; empty: this machine
};

// kBadParams: there is no such operation, or a parameter is wrong; kIo: the disk refused the write,
// and nothing was changed. If a change was made but the disk then refused its audit entry, the
// answer is the usual one plus a member "warning".
[[nodiscard]] Result<wire::Json> run(const Context& context, std::string_view operation,
                                     const wire::JsonObject& parameters, const Caller& caller = {});

// The same for a request as the admin socket has it: {"op": "account.add", ...}.
[[nodiscard]] Result<wire::Json> administer(const Context& context,
                                            const wire::JsonObject& request);

// The member "op" of such a request; empty: it has none.
[[nodiscard]] std::string operation_in(const wire::JsonObject& request);
// The other members.
[[nodiscard]] wire::JsonObject parameters_in(const wire::JsonObject& request);

}  // namespace gridloom::operations
