// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "agent/cli/tunnel_commands.hpp"
#include "agent/cli/tunnel_keys.hpp"

namespace tollgate::cli {
namespace {

Exit print_key(const Cli& cli, const crypto::Secret<crypto::kKeySize>& key) {
    if (stdout_is_open_file()) {
        cli.err << "warning: everybody can read the file that the key is written to; "
                   "set the umask to 077 and make another key\n";
    }
    const auto printed = print_secret(key_line(key));
    return printed ? Exit::ok : cli.fail(Exit::failure, printed.error().message());
}

Exit print_public_key(const Cli& cli) {
    auto key = read_private_key(STDIN_FILENO);
    if (!key) {
        return cli.fail(Exit::failure,
                        "standard input is no private key of 44 characters of base64",
                        "tollgate tunnel pubkey < /etc/tollgate/wg0.key");
    }
    crypto::clamp(*key);
    cli.out << crypto::public_key_of(*key).to_base64() << '\n';
    return Exit::ok;
}

void add(CLI::App& group,
         Cli& cli,
         const char* name,
         const char* description,
         const std::function<Exit(const Cli&)>& action) {
    group.add_subcommand(name, description)->callback([&cli, action] {
        cli.action = [&cli, action] {
            return action(cli);
        };
    });
}

}  // namespace

void add_tunnel_key_commands(CLI::App& group, Cli& cli) {
    add(group, cli, "genkey", "Print a new private key, as wg genkey", [](const Cli& asked) {
        return print_key(asked, crypto::generate_private_key());
    });
    add(group, cli, "genpsk", "Print a new preshared key, as wg genpsk", [](const Cli& asked) {
        return print_key(asked, crypto::generate_preshared_key());
    });
    add(group,
        cli,
        "pubkey",
        "Read a private key from standard input and print its public key, as wg pubkey",
        print_public_key);
}

}  // namespace tollgate::cli
