<#import "steps.ftl" as steps>
<#-- The changesets of one table, or of the exchange of one partition, which changelog.yaml.ftl puts into the changelog. Each says logicalFilePath, its identity. -->
<#macro about step>
<#list steps.about[step] as line>
  # [=line]
</#list>
</#macro>
<#macro source indent>
<#if schemaName??>
[=indent]schemaName: "[=schemaName]"
</#if>
[=indent]tableName: "[=tableName]"
</#macro>
<#assign key = keyColumns?join(",")>
<#-- The settings of a step, each on a line; nothing where the config says nothing. -->
<#macro tuned step indent>
<#list steps.tuning[step]?filter(name -> .data_model[name]??) as name>
<#assign value = .data_model[name]>
[=indent][=name]: <#if value?is_number>[=value]<#else>"[=value]"</#if>
</#list>
</#macro>
<#-- What the gate asks about and what the change makes are one list of attributes. -->
<#macro newTable element indent>
[=indent]- [=element]:
<@source indent + "    "/>
<#if element == "partitionable">
[=indent]    keyColumns: "[=key]"
</#if>
[=indent]    newTableName: "[=newTableName]"
[=indent]    partitionColumns: "[=partitionColumns?join(",")]"
<#if combinedColumn??>
[=indent]    combinedColumn: "[=combinedColumn]"
</#if>
<#if textFormat??>
[=indent]    textFormat: "[=textFormat]"
</#if>
<#if epoch??>
[=indent]    epoch: [=epoch]
</#if>
<#if keyTime??>
[=indent]    keyTime: "[=keyTime]"
</#if>
[=indent]    interval: [=interval]
[=indent]    from: "[=from]"
<#if ahead??>
[=indent]    ahead: [=ahead]
<#else>
[=indent]    until: "[=until]"
</#if>
[=indent]    partitionPrefix: "[=partitionPrefix]"
<#if partitionSchema??>
[=indent]    partitionSchema: "[=partitionSchema]"
</#if>
<#if routing??>
[=indent]    routing: [=routing]
</#if>
<#if incomingForeignKeys??>
[=indent]    incomingForeignKeys: [=incomingForeignKeys]
</#if>
<@tuned "prepare" indent + "    "/>
<#if columns?has_content>
[=indent]    columns:
<#list columns as column>
[=indent]      - column:
[=indent]          name: "[=column.name]"
[=indent]          type: "[=column.type]"
<#if column.using??>
[=indent]          using: "[=column.using]"
</#if>
<#if column.reverseUsing??>
[=indent]          reverseUsing: "[=column.reverseUsing]"
</#if>
</#list>
</#if>
</#macro>
  <@about (kind == "table")?then("before", "beforeExchange")/>
  - changeSet:
      id: "[=prefix]-before"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: prepare
<#if kind == "table">
      preConditions:
        - onFail: HALT
        <@newTable "partitionable" "        "/>
</#if>
      changes:
        - tagDatabase:
            tag: "[=prefix]-before"

  <@about (kind == "table")?then("prepare", "prepareExchange")/>
  - changeSet:
      id: "[=prefix]-prepare"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: prepare
<#if kind != "table">
      runInTransaction: false
</#if>
<#if columns?has_content>
      preConditions:
        - onFail: HALT
        - sourceColumns:
            <@source "            "/>
            columns:
<#list columns as column>
              - column:
                  name: "[=column.name]"
</#list>
</#if>
      comment: "[=steps.prepared()]"
      changes:
<#if kind == "table">
        <@newTable "createPartitionedTable" "        "/>
<#else>
        - prepareExchange:
            <@source "            "/>
<#if throughTableName??>
            throughTableName: "[=throughTableName]"
</#if>
            newTableName: "[=newTableName]"
            interval: [=interval]
<#if from??>
            from: "[=from]"
            until: "[=until]"
</#if>
            partitionPrefix: "[=partitionPrefix]"
</#if>

  <@about "capture"/>
  - changeSet:
      id: "[=prefix]-capture"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: copy
      runInTransaction: false
      comment: "Records the keys of the rows of [=steps.leaving()] that are written from now on in [=deltaTableName]"
      changes:
        - captureChanges:
            <@source "            "/>
            deltaTableName: "[=deltaTableName]"
            keyColumns: "[=key]"
<#if kind == "table">
            partitionColumns: "[=partitionColumns?join(",")]"
</#if>
            <@tuned "capture" "            "/>

  <@about "copy"/>
  - changeSet:
      id: "[=prefix]-copy"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: copy
      runInTransaction: false
      comment: "Copies [=steps.leaving()] to [=newTableName] in chunks"
      changes:
        - chunkedCopy:
            <@source "            "/>
            newTableName: "[=newTableName]"
            deltaTableName: "[=deltaTableName]"
            keyColumns: "[=key]"
            <@tuned "copy" "            "/>
            restart: "${restartCopy}"

  <@about "index"/>
  - changeSet:
      id: "[=prefix]-index"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: copy
      runInTransaction: false
      comment: "Builds the key and the indexes of [=steps.leaving()] on [=newTableName]"
      changes:
        - buildIndexes:
            <@source "            "/>
            newTableName: "[=newTableName]"
            <@tuned "index" "            "/>
            restart: "${restartCopy}"

  <@about "replay"/>
  - changeSet:
      id: "[=prefix]-replay"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: copy
      runInTransaction: false
      comment: "Replays what was written to [=steps.leaving()] meanwhile into [=newTableName]"
      changes:
        - replayChanges:
            <@source "            "/>
            newTableName: "[=newTableName]"
            deltaTableName: "[=deltaTableName]"
            keyColumns: "[=key]"
            <@tuned "replay" "            "/>
            restart: "${restartCopy}"

  <@about "verify"/>
  - changeSet:
      id: "[=prefix]-verify"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: verify
      runInTransaction: false
      preConditions:
        - onFail: HALT
        - copyComplete:
            <@source "            "/>
      comment: "Compares [=steps.leaving()] with [=newTableName], row by row"
      changes:
        - verifyCopy:
            <@source "            "/>
            newTableName: "[=newTableName]"
            deltaTableName: "[=deltaTableName]"
            keyColumns: "[=key]"
            <@tuned "verify" "            "/>
            restart: "${restartCopy}"

  <@about "beforeSwap"/>
  - changeSet:
      id: "[=prefix]-before-swap"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: swap
      preConditions:
        - onFail: CONTINUE
        - swapped:
            <@source "            "/>
        - approved:
            <@source "            "/>
            operation: swap
            approvedTables: "${swapApproved}"
      changes:
        - tagDatabase:
            tag: "[=prefix]-before-swap"

  <@about (kind == "table")?then("swap", "exchange")/>
  - changeSet:
      id: "[=prefix]-swap"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: swap
      runInTransaction: false
      preConditions:
        - onFail: CONTINUE
        - copyRestarted:
            <@source "            "/>
            restart: "${restartCopy}"
        - approved:
            <@source "            "/>
            operation: swap
            approvedTables: "${swapApproved}"
            <@tuned "approval" "            "/>
      comment: "[=steps.swapped()]"
      changes:
        - [=(kind == "table")?then("lockedSwap", "exchangePartitions")]:
            <@source "            "/>
            newTableName: "[=newTableName]"
            backupTableName: "[=backupTableName]"
            deltaTableName: "[=deltaTableName]"
            keyColumns: "[=key]"
            tagBefore: "[=prefix]-before-swap"
            <@tuned (kind == "table")?then("swap", "exchange") "            "/>

  <@about "swapped"/>
  - changeSet:
      id: "[=prefix]-swapped"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: swap
      preConditions:
        - onFail: CONTINUE
        - changeSetExecuted:
            id: "[=prefix]-swap"
            author: liquibase-partition
            changeLogFile: "[=logicalFilePath]"
        - swapped:
            <@source "            "/>
      changes:
        - tagDatabase:
            tag: "[=prefix]-swapped"

  <@about "drop"/>
  - changeSet:
      id: "[=prefix]-drop"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: drop
      runInTransaction: false
      preConditions:
        - onFail: CONTINUE
        - swapKept:
            <@source "            "/>
            swapBack: "${swapBack}"
        - approved:
            <@source "            "/>
            operation: drop
            approvedTables: "${dropApproved}"
            <@tuned "approval" "            "/>
        - backupVerified:
            <@source "            "/>
            onDifference: halt
            <@tuned "backup" "            "/>
      comment: "Drops [=backupTableName][=throughTableName???then(" and those that left with it", "")], which [=(kind == "table")?then(tableName + " has", "other partitions have")] replaced"
      changes:
        - dropBackup:
            <@source "            "/>
            backupTableName: "[=backupTableName]"
            deltaTableName: "[=deltaTableName]"
            <@tuned "drop" "            "/>
<#if kind == "table">

  <@about "upkeep"/>
  - changeSet:
      id: "[=prefix]-upkeep"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: upkeep
      runAlways: true
      runInTransaction: false
      comment: "Makes the partitions of [=tableName] that are missing [=steps.reach()]"
      changes:
        - addPartitions:
            <@source "            "/>
<#if ahead??>
            ahead: [=ahead]
<#else>
            until: "[=until]"
</#if>
            <@tuned "upkeep" "            "/>
<#if keep??>

  <@about "retire"/>
  - changeSet:
      id: "[=prefix]-retire"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: upkeep
      runAlways: true
      runInTransaction: false
      comment: "[=steps.retired()]"
      changes:
        - retirePartitions:
            <@source "            "/>
            keep: [=keep]
            retire: [=retire]
<#if retireSchema??>
            retireSchema: "[=retireSchema]"
</#if>
<#if archive??>
<#list archive as attribute, value>
            [=attribute]: "[=value]"
</#list>
</#if>
            <@tuned "retire" "            "/>
<#if dropsRetired>

  <@about "dropRetired"/>
  - changeSet:
      id: "[=prefix]-drop-retired"
      author: liquibase-partition
      logicalFilePath: "[=logicalFilePath]"
      labels: upkeep
      runAlways: true
      runInTransaction: false
<#if !retireApproval??>
      preConditions:
        - onFail: CONTINUE
        - approved:
            <@source "            "/>
            operation: retire
            approvedTables: "${retireApproved}"
</#if>
      comment: "DROPS what has left [=tableName][=steps.dropsRetired()]"
      changes:
        - dropRetiredPartitions:
            <@source "            "/>
            <@tuned "dropRetired" "            "/>
</#if>
</#if>
</#if>
