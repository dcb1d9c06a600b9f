--- One command of card content management, in a domain that is named, with token, receipt and DAP as they are wanted.
local gp = require "cw.gp"
local install = require "cw.install"
local keys = require "keys"

return {
  name = "content",
  summary = "Load, install or delete the CAP file's content in one domain",
  args = {
    cap = { type = "cap", help = "CAP file" },
    act = { type = "string", help = "load, install, both or delete" },
    domain = { type = "aid", help = "AID of the domain that does it; default: the ISD", optional = true },
    token = { type = "string", help = "key that makes the token", optional = true },
    bytes = { type = "bytes", help = "a token as somebody else made it", optional = true },
    receipt = { type = "string", help = "key that checks the receipt", optional = true },
    after = { type = "integer", help = "last counter that is known", optional = true },
    dap = { type = "aid", help = "AID of the domain that checks the load file", optional = true },
    dap_key = { type = "string", help = "key that signs for it", optional = true },
    dap_bytes = { type = "bytes", help = "a signature as somebody else made it", optional = true },
  },
  needs = { keys = { "isd", "demo.sd", "demo.token", "demo.receipt", "demo.dap" } },

  run = function(run)
    local args, cap = run.args, run.args.cap
    local by = gp.open(run.card, {
      aid = args.domain, keys = args.domain and "demo.sd" or "isd", flavor = run.flavor,
    })
    local token = args.bytes or args.token and keys.token(args.token)
    local receipt = args.receipt and { key = args.receipt, after = args.after }
    local dap = args.dap and { { domain = args.dap, key = args.dap_key, signature = args.dap_bytes } }
    local fields = { elf = cap.package_aid, module = cap.applets[1], token = token }
    local load = { token = args.act == "load" and token or nil, receipt = receipt, dap = dap }
    if args.act == "load" then
      by:load(cap, load)
    elseif args.act == "install" then
      local command = install.for_install(fields, run.flavor.privilege_bytes)
      run:output("signed", { bytes = #install.token_input(command) })
      by:install(fields, receipt)
    elseif args.act == "both" then
      fields.token = nil
      by:carry_out { by:load_and_install_plan(cap, load, fields, args.token and { key = args.token }) }
    else
      by:delete(cap.applets[1], { token = token, receipt = receipt })
      by:delete(cap.package_aid, { token = token, receipt = receipt })
    end
    run:output("confirmations", #by.confirmations)
  end,
}
