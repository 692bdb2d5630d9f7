#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "parameters/arguments.h"
#include "sign_in/sign_in.h"
#include "time/iso_text.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonObject;

Result<Json> make_sign_in_link(const Context& context, const Arguments& arguments) {
  if (context.sign_in == nullptr) {
    return fail(ErrorCode::kConflict,
                "only a running server can be signed in to, and none runs on this data folder");
  }
  std::string account = arguments.text("account");
  if (account.empty()) {
    const auto directory = context.registry.directory();
    GL_TRY(const auto only, account_named(*directory, {}));
    account = only->name;
  }
  GL_TRY(const auto token, context.sign_in->make_link(account));
  const TimePoint end = SystemClock().now() + sign_in::SignIn::kLinkLife;
  return JsonObject{{"account", account},
                    {"link", sign_in_link(context.page, token.reveal())},
                    {"expiresAt", time::iso_text(unix_ms(end), context.zone)}};
}

constexpr std::array kParameters = {
    Parameter{.name = "account",
              .text = "Who is signed in; the only account if it is left out",
              .type = Type::kAccount},
};

constexpr std::array kSignInOperations = {
    Operation{.name = "sign-in",
              .text = "Prints a link that signs a browser in on the dashboard",
              .parameters = kParameters,
              .audit = {Recorded::kBeforeAnswer, "link.add", {"account"}},
              .function = make_sign_in_link},
};
static_assert(are_complete(kSignInOperations));

}  // namespace

std::string sign_in_link(std::string_view page, std::string_view token) {
  return fmt::format("{}/sign-in#t={}", page, token);
}

std::span<const Operation> sign_in_operations() { return kSignInOperations; }

}  // namespace gridloom::operations
