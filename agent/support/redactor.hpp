// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "agent/support/known_secrets.hpp"

namespace tollgate::agent {

/// How many secrets were taken out of a text, and what they were known by.
struct Redactions {
    std::uint64_t known = 0;   ///< a secret of this machine
    std::uint64_t blocks = 0;  ///< a private key in PEM
    std::uint64_t named = 0;   ///< the value of something that is called password, token …
    std::uint64_t keyed = 0;   ///< looks like a key: 16 bytes or more in hex, about 30 in base64

    [[nodiscard]] std::uint64_t sum() const { return known + blocks + named + keyed; }
};

/// Takes secrets out of what others will read. It would rather take too much.
class Redactor {
  public:
    static constexpr std::string_view kMark = "[redacted]";

    /// A secret of this machine: found wherever and however it is written.
    void know(std::string_view secret) { secrets_.add(secret); }
    /// Looks like a key and is none: a public key, the hash of a policy.
    void spare(std::string value);

    [[nodiscard]] std::string text(std::string_view text, Redactions& count) const;
    /// All texts of a document, and the values of fields whose name says that they are secret.
    void json(nlohmann::ordered_json& document, Redactions& count) const;

    /// A last look at what is about to leave.
    [[nodiscard]] bool is_clean(std::string_view text) const { return !secrets_.are_in(text); }

  private:
    [[nodiscard]] std::string without_known(std::string_view text, Redactions& count) const;
    [[nodiscard]] std::string without_keys(std::string_view text, Redactions& count) const;

    KnownSecrets secrets_;
    std::set<std::string, std::less<>> spared_;
};

/// The name of a field, variable or option is that of a secret: `presharedKey`, `API_TOKEN`; not
/// that of the file which holds it: `privateKeyFile`.
[[nodiscard]] bool names_a_secret(std::string_view name);

/// Text without the values behind names of secrets: `password: …`, `token=…`, `Bearer …`,
/// `https://<user>:…@host`.
[[nodiscard]] std::string without_named(std::string_view text, Redactions& count);

}  // namespace tollgate::agent
