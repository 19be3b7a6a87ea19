package dev.mtd.agent.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.Opcodes;

/** The classes that UniFFI generated, told from those beside them in the same package by the name of their source. */
final class GeneratedClasses {
    private static final String PACKAGE = "dev/mtd/agent";
    private static final String SOURCE = "mtd_agent.kt";

    private static Set<String> names;

    private GeneratedClasses() {}

    static synchronized Set<String> names() {
        if (names == null) names = find();
        return names;
    }

    private static Set<String> find() {
        String known = PACKAGE + "/Agent.class";
        URL found = GeneratedClasses.class.getClassLoader().getResource(known);
        if (found == null) throw new IllegalStateException(known + " is not on the class path: was it generated?");
        try {
            URI place = found.toURI();
            if (!place.getScheme().equals("jar")) return in(Path.of(place).getParent());
            try (FileSystem jar = FileSystems.newFileSystem(place, Map.of())) {
                return in(jar.getPath(PACKAGE));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Set<String> in(Path folder) throws IOException {
        Set<String> generated = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (!name.endsWith(".class") || !SOURCE.equals(sourceOf(file))) continue;
                generated.add(PACKAGE.replace('/', '.') + "." + name.substring(0, name.length() - ".class".length()));
            }
        }
        return generated;
    }

    private static String sourceOf(Path classFile) throws IOException {
        String[] source = new String[1];
        try (InputStream bytes = Files.newInputStream(classFile)) {
            ClassVisitor reader = new ClassVisitor(Opcodes.ASM9) {
                @Override
                public void visitSource(String name, String debug) {
                    source[0] = name;
                }
            };
            new ClassReader(bytes).accept(reader, ClassReader.SKIP_CODE | ClassReader.SKIP_FRAMES);
        }
        return source[0];
    }
}
