// Protects people who use the dashboard in a browser, which sends cookies by itself: the cookie's
// name and attributes, the token against forged requests (CSRF), and the checks of Origin and Host.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace gridloom::api {

// Cookies ignore ports: the instance tells the cookies of two servers on one host apart.
[[nodiscard]] std::string cookie_name(std::string_view instance, bool secure);
// The value of a cookie in the header; empty: it is not there.
[[nodiscard]] std::string_view cookie_in(std::string_view header, std::string_view name);
// The header Set-Cookie. An empty value ends the cookie.
[[nodiscard]] std::string set_cookie(std::string_view name, std::string_view value, bool secure);

// The token that a request with this cookie has to send. Nobody who does not have the cookie can
// compute it, and it does not reveal the cookie.
[[nodiscard]] std::string csrf_token(std::string_view cookie_value);

// kNoPermission: another site made the browser send the request. A request that says neither Origin
// nor Sec-Fetch-Site is refused if `must_say`: no browser of today leaves both out of a request
// that changes something.
[[nodiscard]] Status check_origin(const http::Request& request, bool must_say);

// Whether the server may be asked under this host name (without a port): an IP address, localhost,
// the machine's name, also with .local, or `public_host`. Any other name may be one that an
// attacker's DNS points here, whose pages the browser would then let read our answers (DNS
// rebinding).
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view public_host);
// Whether no public DNS has the name: it has no dot, or ends in a domain that is reserved for local
// networks. Monitoring finds the server by such names, and no attacker's page can have one.
[[nodiscard]] bool is_local_name(std::string_view host);

}  // namespace gridloom::api
