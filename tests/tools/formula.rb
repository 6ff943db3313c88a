# Installs by the Homebrew formula of a release, with a stand-in for the parts of Homebrew that it uses, because brew itself
# downloads more than a test may. It checks that the checksums are those of the archives, and that every file is there.
# Usage: formula.rb DIST CELLAR
require "digest"
require "fileutils"
require "tmpdir"

DIST, CELLAR = ARGV.map { |path| File.expand_path(path) }

# A folder of the cellar that files are put into.
class Folder
  def initialize(path) = @path = path
  def to_s = @path
  def /(other) = File.join(@path, other)

  def install(what)
    what = { what => nil } if what.is_a?(String)
    what = what.to_h { |one| [one, nil] } if what.is_a?(Array)
    raise "nothing to install in #{@path}" if what.empty?
    FileUtils.mkdir_p(@path)
    what.each { |from, to| FileUtils.cp_r(from, File.join(@path, to || File.basename(from))) }
  end
end

class Formula
  FOUND = {}
  class << self
    attr_reader :archives, :stated

    %i[desc homepage license].each { |word| define_method(word) { |value| FOUND[word] = value } }
    def version(value = nil) = value ? @stated = value : @stated
    def on_macos(&block) = on("macos", &block)
    def on_linux(&block) = on("linux", &block)
    def on_arm(&block) = on("arm", &block)
    def on_intel(&block) = on("intel", &block)
    def url(value) = @url = value
    def sha256(value) = (@archives ||= {})[@where.join(" ")] = [@url, value]
    def test(&block) = define_method(:trial, &block)

    def on(name)
      (@where ||= []).push(name)
      yield
      @where.pop
    end
  end

  def version = self.class.stated
  def bin = Folder.new("#{CELLAR}/bin")
  def man1 = Folder.new("#{CELLAR}/share/man/man1")
  def bash_completion = Folder.new("#{CELLAR}/etc/bash_completion.d")
  def zsh_completion = Folder.new("#{CELLAR}/share/zsh/site-functions")
  def fish_completion = Folder.new("#{CELLAR}/share/fish/vendor_completions.d")
  def pkgshare = Folder.new("#{CELLAR}/share/telform")
  def doc = Folder.new("#{CELLAR}/share/doc/telform")
  def shell_output(command) = `#{command}`
  def assert_equal(one, other) = one == other || raise("#{one.inspect} is not #{other.inspect}")
  def system(*command) = Kernel.system(*command.map(&:to_s), out: File::NULL) || raise("#{command} failed")
end

load File.join(DIST, "telform.rb")
raise "nothing says what it is" unless Formula::FOUND.keys.sort == %i[desc homepage license]

archives = Telform.archives
raise "archives for #{archives.keys}" unless archives.keys == ["macos arm", "linux arm", "linux intel"]
archives.each_value do |url, digest|
  file = File.join(DIST, File.basename(url))
  raise "#{file} has another checksum" unless Digest::SHA256.file(file).hexdigest == digest
  raise "#{url} is not where a release puts it" unless url.include?("/releases/download/v#{Telform.stated}/")
end

formula = Telform.new
mine = archives.fetch(RUBY_PLATFORM.include?("x86_64") ? "linux intel" : "linux arm").first
Dir.mktmpdir do |folder|
  Kernel.system("tar", "-xzf", File.join(DIST, File.basename(mine)), "-C", folder, "--strip-components", "1") || raise("tar")
  Dir.chdir(folder) { formula.install }
end
Dir.mktmpdir { |folder| Dir.chdir(folder) { formula.trial } }
%w[bin/telform share/man/man1/telform-plan.1 etc/bash_completion.d/telform share/zsh/site-functions/_telform
   share/fish/vendor_completions.d/telform.fish share/telform/schemas/telform.schema.json
   share/doc/telform/THIRD-PARTY.txt].each do |path|
  raise "#{path} is missing" unless File.size?(File.join(CELLAR, path))
end
puts "formula: #{archives.size} archives have its checksums, and it installs one of them"
