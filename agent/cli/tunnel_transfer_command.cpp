// SPDX-License-Identifier: MIT
#include <memory>

#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/tunnel_commands.hpp"
#include "agent/cli/tunnel_export.hpp"
#include "agent/cli/tunnel_import.hpp"
#include "agent/cli/tunnel_keys.hpp"
#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"
#include "agent/tunnel/key_file.hpp"

namespace tollgate::cli {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kYamlMode = 0644;

struct Import {
    std::string file;
    std::string name;
    std::string key_folder;
};

struct Export {
    std::string tunnel;
    std::string peer;
    std::string endpoint;
    std::string private_key_file;
};

/// -o as a file, if it was given; else "".
std::string output_file(const Cli& cli) {
    return cli.options.output == "table" ? "" : cli.options.output;
}

/// A key that is there already, the same one, is as good as written.
std::string write_key(const KeyFile& file) {
    const auto written = write_new_secret(file.path, key_line(file.key));
    if (written) {
        return {};
    }
    if (written.error().code == std::errc::file_exists) {
        const auto there = agent::read_key_file(file.path);
        return there && *there == file.key
                   ? std::string{}
                   : fmt::format("{} is there already, and holds something else",
                                 file.path.string());
    }
    return written.error().message();
}

Exit import(const Cli& cli, const Import& wanted) {
    const auto text = agent::read_file(wanted.file, agent::kWgConfBytesMax);
    if (!text) {
        return cli.fail(Exit::failure, text.error().message());
    }
    const agent::WgConfReading reading = agent::read_wg_conf(*text);
    cli.err << policy::format_problems(wanted.file, reading.problems);
    if (!reading.conf) {
        return cli.fail(Exit::check_failed, "nothing was imported");
    }
    const fs::path output = output_file(cli);
    const std::string name =
        wanted.name.empty() ? fs::path{wanted.file}.stem().string() : wanted.name;
    if (!agent::is_interface_name(name)) {
        return cli.fail(Exit::usage, "'" + name + "' is no name of an interface", "--name wg0");
    }
    if (!output.empty() && fs::exists(output)) {
        return cli.fail(Exit::failure,
                        output.string() + " is there already and stays as it is",
                        "name a new file, and copy its `tunnels:` to where they belong");
    }
    fs::path folder = wanted.key_folder;
    if (folder.empty()) {
        folder =
            output.empty() ? fs::path{agent::kConfigFolder} : fs::absolute(output).parent_path();
    }
    const ImportedTunnel imported = import_tunnel(*reading.conf, name, fs::absolute(folder));
    const auto problems = check_imported(imported.yaml);
    if (policy::has_errors(problems)) {
        cli.err << imported.yaml << policy::format_problems("what it would become", problems);
        return cli.fail(Exit::check_failed, "nothing was imported");
    }
    for (const KeyFile& file : imported.key_files) {
        if (const std::string problem = write_key(file); !problem.empty()) {
            return cli.fail(Exit::failure, problem, "--key-folder names another folder");
        }
        cli.err << "wrote " << file.path.string() << '\n';
    }
    if (output.empty()) {
        cli.out << imported.yaml;
        return Exit::ok;
    }
    const auto written = agent::write_file(output, imported.yaml, kYamlMode);
    return written ? Exit::ok : cli.fail(Exit::failure, written.error().message());
}

/// Puts the private key into the file of this host, if it is the tunnel's.
std::string add_private_key(const Json& tunnel, const std::string& path, agent::WgConf& conf) {
    auto key = agent::read_key_file(path);
    if (!key) {
        return key.error().message();
    }
    crypto::clamp(*key);
    if (crypto::public_key_of(*key).to_base64() != text(tunnel, "publicKey")) {
        return path + " is not the private key of " + text(tunnel, "name");
    }
    conf.private_key = std::move(*key);
    return {};
}

Exit write_conf(const Cli& cli, const agent::WgConf& conf) {
    const agent::SecretText text = agent::write_wg_conf(conf);
    const std::string output = output_file(cli);
    if (output.empty() && conf.private_key && stdout_is_open_file()) {
        cli.err << "warning: everybody can read the file that the private key is written to; "
                   "use -o FILE\n";
    }
    const auto written = output.empty() ? print_secret(text) : write_new_secret(output, text);
    return written ? Exit::ok : cli.fail(Exit::failure, written.error().message());
}

Exit export_conf(const Cli& cli, const Export& wanted) {
    if (!wanted.peer.empty() && !wanted.private_key_file.empty()) {
        return cli.fail(Exit::usage,
                        "the private key of this host is not for the host of a peer",
                        "leave out --private-key-file");
    }
    const Answer answer = cli.client().get("/v1/tunnels");
    if (!answer.ok()) {
        return cli.show_failure(answer);
    }
    for (const Json& tunnel : list(answer.body, "tunnels")) {
        if (text(tunnel, "name") != wanted.tunnel) {
            continue;
        }
        auto conf = wanted.peer.empty() ? export_tunnel(tunnel)
                                        : export_peer(tunnel, wanted.peer, wanted.endpoint);
        if (!conf) {
            return cli.fail(Exit::failure, conf.error().message());
        }
        if (!wanted.private_key_file.empty()) {
            if (::geteuid() != 0) {
                return cli.fail(Exit::refused, "only root may export a private key");
            }
            const std::string problem = add_private_key(tunnel, wanted.private_key_file, *conf);
            if (!problem.empty()) {
                return cli.fail(Exit::failure, problem);
            }
        }
        return write_conf(cli, *conf);
    }
    return cli.fail(Exit::failure,
                    "there is no tunnel '" + wanted.tunnel + "'",
                    "tollgate tunnel show lists them");
}

void add_import(CLI::App& group, Cli& cli) {
    auto wanted = std::make_shared<Import>();
    CLI::App* command = group.add_subcommand(
        "import",
        "Turn a file of wg-quick into `tunnels:` of tollgate.yaml (-o FILE) and key files");
    command->add_option("FILE", wanted->file, "The file, as wg0.conf")->required();
    command->add_option("--name", wanted->name, "The interface; default: the name of the file")
        ->type_name("NAME");
    command
        ->add_option("--key-folder",
                     wanted->key_folder,
                     "Where the keys go; default: beside -o FILE, else /etc/tollgate")
        ->type_name("PATH");
    command->callback([&cli, wanted] {
        cli.output_is_file = true;
        cli.action = [&cli, wanted] {
            return import(cli, *wanted);
        };
    });
}

void add_export(CLI::App& group, Cli& cli) {
    auto wanted = std::make_shared<Export>();
    CLI::App* command = group.add_subcommand(
        "export",
        "The file of wg-quick for a tunnel (-o FILE), or for the host of one of its peers");
    command->add_option("TUNNEL", wanted->tunnel, "The tunnel")->required();
    CLI::Option* peer =
        command->add_option("--peer", wanted->peer, "The file for this peer's own host")
            ->type_name("PEER");
    command->add_option("--endpoint", wanted->endpoint, "Where this host is reached by the peer")
        ->type_name("HOST:PORT")
        ->needs(peer);
    command
        ->add_option("--private-key-file",
                     wanted->private_key_file,
                     "Put this private key in, which must be the tunnel's; root only")
        ->type_name("FILE");
    command->callback([&cli, wanted] {
        cli.output_is_file = true;
        cli.action = [&cli, wanted] {
            return export_conf(cli, *wanted);
        };
    });
}

}  // namespace

void add_tunnel_transfer_commands(CLI::App& group, Cli& cli) {
    add_import(group, cli);
    add_export(group, cli);
}

}  // namespace tollgate::cli
